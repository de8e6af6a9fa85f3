/* The one script of the portal. Every page works without it; it adds keys, drafts, and care about pressing twice.

   Marks in HTML that it reads:
   data-key="F2"        pressed by that key (F keys anywhere, letters outside of fields, "Ctrl Enter" inside a form)
   data-then="reason"   the field of the form in which one goes on writing once this option was pressed by its key
   data-row-key="C"     the same, for the selected row of a .desk table or the selected [data-row]
   data-row             a line that ↑ and ↓ select, as the rows of a .desk table
   data-scan            the field that / goes to (else the scan field of the bar)
   data-open            the link that Enter opens in a row (else the first link)
   data-draft="name"    a form whose fields are kept in this browser until it has been sent; pressed without a connection,
                        it is sent by itself when the server answers again
   data-ask             a form that asks one thing: with a keyboard, one writes in its first field at once
   data-nodraft         a field that is not kept (identity numbers)
   data-vague="[...]"   a form: words that say nothing, the compounds they are fine in, what to ask for (flagged as typed)
   data-saved           where the time of saving is written
   data-confirm="text"  a submit button that asks first, in a dialog of the page
   data-signout         the form that signs out: the drafts of this person are forgotten
   data-all             a box in the head of a .desk table that ticks all of its rows; Space ticks the selected row
   data-chosen          where the number of ticked rows is written
   data-print           prints the page
   body[data-user]      whose drafts these are; body[data-keep]: an error page, drafts stay; body[data-page=login] */

import { RETRY, answered, comeBack, isSilent, watchConnection } from "./resend.js";

const PREFIX = "gaige:draft:";
const KEEP_DAYS = 14;
const SAVE_AFTER = 400;
const body = document.body;
const user = body.dataset.user || "";
const isRowBox = (node) => node.matches?.(".desk input[type=checkbox]");
const isField = (node) => !isRowBox(node) && node.closest?.("input, select, textarea, [contenteditable]") !== null;

/* ---- pressing */

function tellWhy(button) { // one of a bar that may not be pressed and shows no reason beside it tells it when pressed
  const place = button.closest(".tools");
  if (!place || !button.title || button.closest(".held")) return;
  const note = place.querySelector("[data-why]") || document.createElement("p");
  note.dataset.why = "";
  note.className = "why";
  note.setAttribute("role", "status");
  place.append(note);
  note.textContent = `${button.firstChild.textContent.trim()}：${button.title}`;
}

function press(element) {
  element.focus();
  if (element.getAttribute("aria-disabled") === "true") tellWhy(element);
  else element.click();
  const next = element.dataset.then && element.form?.elements[element.dataset.then];
  next?.focus();
}

document.addEventListener("click", (event) => {
  const blocked = event.target.closest?.("[aria-disabled=true]");
  if (blocked) {
    event.preventDefault();
    tellWhy(blocked);
  }
  if (event.target.closest?.("[data-print]")) window.print();
});

/* ---- keys */

const letters = () => !document.querySelector("[data-key=J], [data-row-key=J], [data-key=K], [data-row-key=K]"); // J, K
const rows = () => [...document.querySelectorAll(".desk tbody tr:not(.grp), [data-row]")];
const selectedRow = () => document.querySelector(".desk tbody tr[aria-selected=true], [data-row][aria-current=true]");
const markOf = (row) => ("row" in row.dataset ? "aria-current" : "aria-selected");

function select(row) {
  for (const other of rows()) other.removeAttribute(markOf(other));
  row.setAttribute(markOf(row), "true");
  row.tabIndex = -1;
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(step) {
  const all = rows();
  if (!all.length) return false;
  const at = all.indexOf(selectedRow());
  select(all[Math.min(Math.max(at < 0 ? (step > 0 ? 0 : all.length - 1) : at + step, 0), all.length - 1)]);
  return true;
}

function showKeys() {
  const seen = new Map([["/", "查找"]]);
  if (rows().length) seen.set(letters() ? "↑ ↓ J K" : "↑ ↓", "选行").set("Enter", "打开");
  if (ticks().length) seen.set("空格", "勾选");
  for (const node of document.querySelectorAll("[data-key], [data-row-key]")) {
    if (node.closest("[hidden]")) continue;
    const copy = (node.labels?.[0] || node).cloneNode(true); // a choice is named by its label
    for (const part of copy.querySelectorAll("kbd, .vh")) part.remove();
    seen.set(node.dataset.key || node.dataset.rowKey, copy.textContent.trim());
  }
  const list = document.createElement("dl");
  for (const [key, words] of seen) {
    const name = document.createElement("dt");
    const mark = document.createElement("kbd");
    mark.textContent = key;
    name.append(mark);
    const meaning = document.createElement("dd");
    meaning.textContent = words;
    list.append(name, meaning);
  }
  ask({ title: "按键", content: list, yes: "关闭", only: true, css: "keyhelp" });
}

function byKey(event) {
  const key = event.ctrlKey && event.key === "Enter" ? "Ctrl Enter" : event.key;
  const same = (name) => name?.toLowerCase() === key.toLowerCase();
  const row = selectedRow();
  const inRow = row && [...row.querySelectorAll("[data-row-key]")].find((node) => same(node.dataset.rowKey));
  const shown = (node) => same(node.dataset.key) && !node.closest("[hidden]");
  return inRow || [...document.querySelectorAll("[data-key]")].find(shown);
}

document.addEventListener("keydown", (event) => {
  if (event.altKey || event.metaKey || event.isComposing || document.querySelector("dialog[open]")) return;
  const fieldKey = /^F\d+$/.test(event.key) || (event.ctrlKey && event.key === "Enter");
  if (event.ctrlKey && !fieldKey) return;
  const choosing = /^\d$/.test(event.key) && event.target.matches?.("input[type=radio], input[type=checkbox]"); // nothing is typed there
  if (isField(event.target) && !fieldKey && !choosing) {
    if (event.key === "Escape") event.target.blur();
    return;
  }
  const find = document.querySelector("[data-scan]") || document.querySelector(".find input:not([type=hidden])");
  if (event.key === "/" && find) {
    event.preventDefault();
    find.focus();
    find.select();
    return;
  }
  if (event.key === "?") return showKeys();
  if ((event.key === "ArrowDown" || event.key === "ArrowUp") && !event.shiftKey) {
    if (move(event.key === "ArrowDown" ? 1 : -1)) event.preventDefault();
    return;
  }
  if (event.key === " " && !isRowBox(event.target)) {
    const box = event.target === selectedRow() && selectedRow().querySelector("input[type=checkbox]");
    if (box) {
      event.preventDefault();
      box.click();
    }
    return;
  }
  if (event.key === "Enter" && !event.ctrlKey) {
    const row = event.target.closest?.(".desk tr") && selectedRow();
    if (row && event.target === row) press(row.querySelector("[data-open]") || row.querySelector("a"));
    return;
  }
  const target = byKey(event);
  if (target) {
    event.preventDefault();
    press(target);
  } else if (/^[jk]$/i.test(event.key) && letters() && move(event.key.toLowerCase() === "j" ? 1 : -1)) {
    event.preventDefault();
  }
});

/* ---- rows that are ticked: all of a page at once, and how many */

const ticks = () => [...document.querySelectorAll(".desk tbody input[type=checkbox]")];

function countTicks() {
  const chosen = ticks().filter((box) => box.checked).length;
  for (const place of document.querySelectorAll("[data-chosen]")) place.textContent = chosen ? `已选 ${chosen} 件` : "勾选后";
}

for (const box of document.querySelectorAll("[data-all]")) {
  box.hidden = false;
  box.addEventListener("change", () => {
    for (const one of ticks()) one.checked = box.checked;
    countTicks();
  });
}
document.addEventListener("change", (event) => isRowBox(event.target) && countTicks());
window.addEventListener("pageshow", countTicks);

/* ---- question before an action, instead of the browser's own box */

function ask({ title, content, yes, only = false, css = "" }) {
  const dialog = document.createElement("dialog");
  dialog.className = css;
  const frame = document.createElement("form");
  frame.method = "dialog";
  frame.className = "pad";
  const head = document.createElement("h2");
  head.id = "ask-title";
  head.textContent = title;
  dialog.setAttribute("aria-labelledby", "ask-title");
  const line = document.createElement("p");
  line.className = "row";
  const ok = document.createElement("button");
  ok.className = "btn btn-1";
  ok.value = "yes";
  ok.textContent = yes;
  line.append(ok);
  if (!only) {
    const no = document.createElement("button");
    no.className = "btn";
    no.value = "no";
    no.textContent = "不，返回";
    line.append(no);
  }
  frame.append(head);
  if (content) frame.append(content);
  frame.append(line);
  dialog.append(frame);
  body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      resolve(dialog.returnValue === "yes");
    });
    dialog.showModal();
  });
}

/* ---- sending: ask where marked, and only once */

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (form.method === "dialog" || event.defaultPrevented) return;
  if (form.dataset.sent) return event.preventDefault();
  const button = event.submitter;
  if (button?.dataset.confirm && !form.dataset.sure) {
    event.preventDefault();
    if (await ask({ title: button.dataset.confirm, yes: button.textContent.trim() })) {
      form.dataset.sure = "yes";
      form.requestSubmit(button);
    } else button.focus();
    return;
  }
  if (form.method !== "post") return;
  if (isSilent()) {
    event.preventDefault();
    return unsent(form, button);
  }
  form.dataset.sent = "yes";
  button?.setAttribute("aria-busy", "true");
  if (form.dataset.draft) mark(form, true);
  if ("signout" in form.dataset) forgetAll();
});

/* without a connection the browser would show its own error page: stay, keep what was typed, send it when it is back */
const waiting = new Map(); // form -> the button that was pressed
let retry = 0;

function tell(form, words) {
  const note = form.querySelector("[data-unsent]") || document.createElement("p");
  note.className = "notice";
  note.dataset.c = "warn";
  note.dataset.unsent = "";
  note.setAttribute("role", "alert");
  note.textContent = words;
  if (!note.isConnected) form.prepend(note);
  return note;
}

function withdraw(form) {
  waiting.delete(form);
  form.querySelector("[data-unsent]")?.remove();
}

function unsent(form, button) {
  if (!form.dataset.draft) return void tell(form, "没有连上服务器，还没有提交。填的内容都在，连上后再按一次。");
  save(form);
  waiting.set(form, button);
  const stop = document.createElement("button");
  stop.type = "button";
  stop.className = "linkish";
  stop.textContent = "不要自动提交";
  stop.addEventListener("click", () => withdraw(form));
  tell(form, "没有连上服务器，还没有提交。填的内容都在，请不要关闭本页，连上后自动提交。").append(stop);
  later();
}

function later() {
  clearTimeout(retry);
  if (waiting.size) retry = setTimeout(again, RETRY);
}

async function again() {
  const [form, button] = waiting.entries().next().value || [];
  if (!form) return;
  const state = await comeBack(user);
  if (!waiting.has(form)) return;
  if (state === "gone") {
    const link = document.createElement("a");
    link.href = `/login/?next=${encodeURIComponent(location.pathname)}`;
    link.target = "_blank";
    link.textContent = "重新登录（新窗口）";
    tell(form, "登录已失效，还没有提交。填的内容都在，重新登录后自动提交。").append(link);
  }
  if (state !== "back") return later();
  answered();
  withdraw(form);
  form.requestSubmit(button?.isConnected ? button : null);
}

window.addEventListener("online", () => {
  for (const note of document.querySelectorAll("[data-unsent]")) if (!waiting.has(note.closest("form"))) note.remove();
  again();
});
window.addEventListener("focus", again);

window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent], form[data-sure]")) {
    delete form.dataset.sent;
    delete form.dataset.sure;
  }
  for (const button of document.querySelectorAll("[aria-busy=true]")) button.removeAttribute("aria-busy");
});

/* ---- drafts: kept in this browser, per person, page and form; files and secrets are not kept */

const nameOf = (form) => `${PREFIX}${user}:${form.dataset.draft}`;

function store(key, value) {
  try {
    if (value === null) localStorage.removeItem(key);
    else localStorage.setItem(key, JSON.stringify(value));
    return true;
  } catch (error) {
    if (error instanceof DOMException) return false; // full, or switched off: the form works as without drafts
    throw error;
  }
}

function load(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch (error) {
    if (error instanceof SyntaxError || error instanceof DOMException) return null;
    throw error;
  }
}

function draftKeys() {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith(PREFIX));
  } catch (error) {
    if (error instanceof DOMException) return [];
    throw error;
  }
}

function kept(form) {
  return [...form.elements].filter(
    (node) =>
      node.name &&
      node.name !== "csrfmiddlewaretoken" &&
      !["file", "password", "hidden", "submit", "button", "image", "reset"].includes(node.type) &&
      !("nodraft" in node.dataset),
  );
}

function read(form) {
  const values = {};
  for (const node of kept(form)) {
    values[node.name] ??= [];
    if (node.type === "checkbox" || node.type === "radio") {
      if (node.checked) values[node.name].push(node.value);
    } else if (node.multiple && node.options) {
      values[node.name].push(...[...node.selectedOptions].map((option) => option.value));
    } else values[node.name].push(node.value);
  }
  return values;
}

function write(form, values) {
  const at = {};
  for (const node of kept(form)) {
    const old = values[node.name];
    if (!old) continue;
    if (node.type === "checkbox" || node.type === "radio") node.checked = old.includes(node.value);
    else if (node.multiple && node.options) {
      for (const option of node.options) option.selected = old.includes(option.value);
    } else {
      at[node.name] ??= 0;
      node.value = old[at[node.name]] ?? node.value;
      at[node.name] += 1;
    }
    node.dispatchEvent(new Event("change", { bubbles: true }));
  }
}

const time = (stamp) => new Date(stamp).toLocaleTimeString("zh-CN", { hour12: false });
const day = (stamp) => {
  const date = new Date(stamp);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(date.getMonth() + 1)}-${two(date.getDate())}`;
};

function say(form, words) {
  const place = form.querySelector("[data-saved]") || document.querySelector("[data-saved]");
  if (place) place.textContent = words;
}

function save(form) {
  const draft = { at: Date.now(), values: read(form), sent: false };
  say(form, store(nameOf(form), draft) ? `已自动保存 ${time(draft.at)}` : "本机不能自动保存，请及时提交");
}

function mark(form, sent) {
  store(nameOf(form), { at: Date.now(), values: read(form), sent });
}

function forgetAll() {
  for (const key of draftKeys()) if (key.startsWith(`${PREFIX}${user}:`)) store(key, null);
}

function offer(form, draft, before) {
  write(form, draft.values);
  const note = document.createElement("p");
  note.className = "notice";
  note.dataset.c = "good";
  note.setAttribute("role", "status");
  note.textContent = `已恢复 ${day(draft.at)} ${time(draft.at)} 填的内容。`;
  const undo = document.createElement("button");
  undo.type = "button";
  undo.className = "linkish";
  undo.textContent = "不要，用原来的";
  undo.addEventListener("click", () => {
    write(form, before);
    store(nameOf(form), null);
    note.remove();
    say(form, "");
  });
  note.append(undo);
  form.prepend(note);
}

function watch(form) {
  let timer = 0;
  const draft = load(nameOf(form));
  const before = read(form);
  if (draft && JSON.stringify(draft.values) !== JSON.stringify(before)) offer(form, draft, before);
  else if (draft) store(nameOf(form), null);
  const soon = () => {
    clearTimeout(timer);
    timer = setTimeout(() => form.dataset.sent || save(form), SAVE_AFTER); // on its way: nothing left to keep
    watchConnection();
  };
  form.addEventListener("input", soon);
  form.addEventListener("change", (event) => event.isTrusted && soon());
  window.addEventListener("pagehide", () => {
    if (timer && !form.dataset.sent) save(form);
  });
}

/* what was sent is over once a page thanks for it, or another page came; an error or the sign-in page says that it did
   not arrive, and it is kept as before */
function tidy(forms) {
  const here = new Set(forms.map(nameOf));
  const failed = "keep" in body.dataset || body.dataset.page === "login";
  const said = (tone) => document.querySelector(`.notices > [data-c=${tone}]`) !== null;
  const thanked = said("good") && !said("bad");
  for (const key of draftKeys()) {
    const draft = load(key);
    const old = !draft || Date.now() - draft.at > KEEP_DAYS * 864e5;
    const arrived = draft?.sent && key.startsWith(`${PREFIX}${user}:`) && (thanked || (user !== "" && !here.has(key)));
    if (old || (arrived && !failed)) store(key, null);
    else if (draft.sent && failed) store(key, { ...draft, sent: false });
  }
}

const forms = [...document.querySelectorAll("form[data-draft]")];
tidy(forms);
for (const form of forms) watch(form);

/* ---- a page that asks one thing: the cursor stands where one writes first; a choice has keys of its own */

const asked = document.querySelector("form[data-ask] :is(input:not([type=hidden]), select, textarea)");
const writes = asked && !asked.matches("[type=radio], [type=checkbox], [type=file]");
if (writes && document.activeElement === body && matchMedia("(hover: hover)").matches) asked.focus({ preventScroll: true });

/* ---- words that say nothing */

const namesOnly = /《[^《》]*》|“[^“”]*”|「[^「」]*」/g;

function vagueWord(table, text) {
  const bare = text.replace(namesOnly, "　");
  return table.find(([word, fine]) => {
    let rest = bare;
    for (const compound of fine.split("|").filter(Boolean)) rest = rest.replaceAll(compound, "　");
    return rest.includes(word);
  });
}

function flagVague(table, field) {
  const found = vagueWord(table, field.value);
  let note = field.parentElement.querySelector("[data-vague-note]");
  if (!found && note) note.remove();
  if (!found) return;
  if (!note) {
    note = document.createElement("small");
    note.className = "bad";
    note.dataset.vagueNote = "";
    note.setAttribute("role", "status");
    field.after(note);
  }
  note.textContent = `“${found[0]}”没有说清：${found[2]}。`;
}

for (const form of document.querySelectorAll("form[data-vague]")) {
  const table = JSON.parse(form.dataset.vague);
  form.addEventListener("input", (event) => {
    if (/-(what|how_to_fix)$/.test(event.target.name ?? "")) flagVague(table, event.target);
  });
}

/* what was scanned in vain is typed over by the next scan */
document.querySelector("[data-scan][autofocus]")?.select();
