/* Intake by keyboard: lines of the checklist, the case whose verdicts are shown, changes that wait for the connection.

   Loaded with htmx by templates/packages/intake_base.html; every page works without it.
   [data-lines]         the checklist; its forms are sent by htmx and answer with the parts that changed
   [data-row][data-case] a line, and the case that it belongs to
   [data-scope]         the verdicts on one case, or on all; one of them is shown
   [data-pick]          a link that selects a case
   [data-asks-note]     a way that needs a reason
   #link                tells that the server does not answer, or that the session has ended
   [data-since]         how long the intake has taken
   [data-print-page]    prints another page of the portal (the receipt) without leaving this one
   .asks                situation questions: a digit chooses, and the next question is next */

import { RETRY, comeBack } from "./resend.js";
import "./shots.js";

const lines = document.querySelector("[data-lines]");
const user = document.body.dataset.user || "";
const queueKey = `gaige:queue:${user}:${lines?.dataset.lines}`;
const link = document.querySelector("#link");
let gone = false; // the session has ended
let timer = 0;

/* ---- lines */

const rowOf = (node) => node?.closest?.("[data-row]");
const allRows = () => [...document.querySelectorAll("[data-row]")];
const missing = (row) => row.querySelector("form[data-miss]") !== null;

function choose(row) {
  for (const other of allRows()) if (other !== row) other.removeAttribute("aria-current");
  row.setAttribute("aria-current", "true");
  show(row.dataset.case);
}

function go(row) {
  choose(row);
  row.focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

document.addEventListener("focusin", (event) => {
  const row = rowOf(event.target);
  if (row) choose(row);
});

/* after a line is met, the next one that is missing; after the last, the line itself */
function onward(id) {
  const row = document.getElementById(id);
  if (!row || row.querySelector("[role=alert]") || missing(row)) return row && go(row);
  const all = allRows();
  const open = all.filter(missing);
  go(open.find((other) => all.indexOf(other) > all.indexOf(row)) || open[0] || row);
}

/* ---- verdicts of the selected case */

let scope = document.querySelector("[data-scope]:not([hidden])")?.dataset.scope || "";

function show(wanted) {
  const bars = [...document.querySelectorAll("[data-scope]")];
  if (!bars.some((bar) => bar.dataset.scope === wanted)) return;
  scope = wanted;
  for (const bar of bars) bar.hidden = bar.dataset.scope !== wanted;
}

document.addEventListener("click", (event) => {
  const pick = event.target.closest?.("[data-pick]");
  if (!pick) return;
  event.preventDefault();
  const row = allRows().find((other) => other.dataset.case === pick.dataset.pick);
  if (row) go(row);
  show(pick.dataset.pick);
});

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.target.closest?.("input, textarea, dialog")) return;
  for (const row of allRows()) row.removeAttribute("aria-current");
  show("all");
});

/* ---- ways to meet a line */

lines?.addEventListener("click", (event) => {
  const button = event.target.closest("button[name=state]");
  if (!button || button.getAttribute("aria-disabled") === "true") return;
  const form = button.form;
  const note = form.elements.note;
  if (button.value === "uploaded" && !form.elements.uploaded.files.length) {
    event.preventDefault();
    event.stopPropagation();
    form.elements.uploaded.click();
  } else if ("asksNote" in button.dataset && note && !note.value.trim()) {
    event.preventDefault();
    event.stopPropagation();
    form.dataset.asks = button.value;
    note.focus();
  }
}, true);

lines?.addEventListener("change", (event) => {
  const form = event.target.form;
  if (event.target.name === "uploaded" && event.target.files.length) {
    form.querySelector("button[value=uploaded]")?.click();
  }
});

lines?.addEventListener("keydown", (event) => {
  if (event.target.name !== "note") return;
  const form = event.target.form;
  if (event.key === "Enter" && !event.isComposing) {
    event.preventDefault();
    const way = form.dataset.asks || "not_applicable";
    if (event.target.value.trim()) form.querySelector(`button[value="${way}"]`)?.click();
  } else if (event.key === "Escape") {
    delete form.dataset.asks;
    go(rowOf(form));
    event.stopPropagation();
  }
});

/* ---- what is sent waits until the server has it: the form keeps the file, this browser keeps the rest */

const waits = new Map(); // id of a line -> value of its button
const storage = (write) => {
  try {
    return write(localStorage);
  } catch (error) {
    if (error instanceof DOMException) return null;
    throw error;
  }
};

function keep() {
  const rows = [...waits].map(([id, state]) => [id, state, document.getElementById(id)?.querySelector("[name=note]")?.value || ""]);
  storage((box) => (rows.length ? box.setItem(queueKey, JSON.stringify(rows)) : box.removeItem(queueKey)));
}

function tell() {
  if (!link) return;
  const files = [...waits].filter(([id]) => document.getElementById(id)?.querySelector("[name=uploaded]")?.files.length);
  const kept = waits.size ? `有 ${waits.size} 处改动还没有保存，已记在本机` : "";
  const file = files.length ? "，其中有文件，请不要关闭本页" : "";
  const off = !navigator.onLine || waits.size > 0;
  link.hidden = !gone && !off;
  link.querySelector("[data-again]").hidden = !gone;
  link.querySelector("[data-link]").textContent = gone
    ? `登录已失效。${kept}${file}${kept ? "；重新登录后自动补存。" : "重新登录后可以接着填。"}`
    : `没有连上服务器。${kept}${file}${kept ? "，连上后自动补存。" : "请稍候，已保存的内容不受影响。"}`;
  for (const row of allRows()) row.toggleAttribute("data-pending", waits.has(row.id));
}

function later() {
  clearTimeout(timer);
  if (waits.size || gone) timer = setTimeout(again, RETRY);
}

function again() {
  clearTimeout(timer);
  if (gone) return signedIn();
  const [id, state] = waits.entries().next().value || [];
  if (!id) return tell();
  const row = document.getElementById(id);
  const button = row?.querySelector(`form button[name=state][value="${state}"]`);
  if (!button) {
    waits.delete(id); // somebody else has settled it meanwhile
    keep();
    tell();
    return later();
  }
  button.click();
  later();
}

/* somebody signed in again, here or in another window: with the new marks of the forms go on */
async function signedIn() {
  if ((await comeBack(user)) !== "back") return later();
  gone = false;
  tell();
  return again();
}

/* nothing is handed in or decided while a change still waits: the server would judge without it */
document.addEventListener("submit", (event) => {
  if (event.target.method !== "post" || rowOf(event.target) || !waits.size) return;
  event.preventDefault();
  tell();
  link?.scrollIntoView({ block: "nearest" });
}, true);

function settled(id) {
  if (waits.delete(id)) keep();
  tell();
}

function failed(form, state) {
  const row = rowOf(form);
  if (row && state) waits.set(row.id, state);
  const saved = document.querySelector("[data-saved]");
  if (saved) saved.textContent = "还没有保存";
  keep();
  tell();
  later();
}

const stateOf = (event) => event.detail.requestConfig?.parameters?.get?.("state") || event.detail.requestConfig?.parameters?.state;
const sent = (event) => event.detail.requestConfig?.elt || event.detail.elt; // what htmx names may be gone from the page
const isLine = (event) => Boolean(rowOf(sent(event))) && sent(event).tagName === "FORM";

document.addEventListener("htmx:beforeRequest", (event) => {
  if (!isLine(event)) return;
  const saved = document.querySelector("[data-saved]");
  if (saved) saved.textContent = "正在保存";
});

document.addEventListener("htmx:beforeSwap", (event) => {
  const { pathname } = new URL(event.detail.xhr.responseURL || location.href, location.href);
  if (pathname !== "/login/" && !event.detail.xhr.responseText.includes('data-page="login"')) return;
  event.detail.shouldSwap = false;
  gone = true;
  if (isLine(event)) failed(sent(event), stateOf(event));
  else tell();
  sent(event).dataset.lost = "yes";
  later();
});

document.addEventListener("htmx:afterRequest", (event) => {
  const form = sent(event);
  if (!isLine(event)) return;
  if (form.dataset.lost) return void delete form.dataset.lost;
  const { status } = event.detail.xhr;
  if (status === 0 || status === 502 || status === 503 || status === 504) return failed(form, stateOf(event));
  const { id } = rowOf(form);
  settled(id);
  if (status === 200 || status === 409) return;
  const told = new DOMParser().parseFromString(event.detail.xhr.responseText, "text/html").querySelector("main .notice");
  refuse(id, told?.textContent.trim() || `没有保存（${status}），请刷新后再试。`);
});

function refuse(id, words) {
  const note = document.createElement("small");
  note.className = "bad";
  note.setAttribute("role", "alert");
  note.textContent = words;
  document.querySelector(`#${id} .check > :nth-child(2)`)?.append(note);
}

let moved = "";
document.addEventListener("htmx:beforeOnLoad", (event) => {
  if (isLine(event)) moved = rowOf(sent(event)).id;
});
document.addEventListener("htmx:afterSettle", () => {
  show(scope);
  tell();
  if (!moved) return;
  const id = moved;
  moved = "";
  onward(id);
  clearTimeout(timer);
  if (waits.size) timer = setTimeout(again, 0); // what is shown now is settled in a moment: it is not sent again
});

window.addEventListener("online", again);
window.addEventListener("offline", tell);
window.addEventListener("focus", () => gone && signedIn());

if (lines) {
  const kept = storage((box) => JSON.parse(box.getItem(queueKey) || "[]")) || [];
  for (const [id, state, note] of kept) {
    const row = document.getElementById(id);
    const field = row?.querySelector("[name=note]");
    if (field && note) field.value = note;
    if (row && state !== "uploaded" && missing(row)) waits.set(id, state);
  }
  keep();
  tell();
  if (waits.size) setTimeout(again, 0);
  const asked = location.hash && document.querySelector(location.hash);
  const first = allRows().find(missing);
  if (asked && "row" in asked.dataset) go(asked);
  else if (first && "fill" in lines.dataset) go(first);
}

/* M: the next line that is missing */
document.addEventListener("keydown", (event) => {
  if (event.key.toLowerCase() !== "m" || event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target.closest?.("input, select, textarea, dialog")) return;
  const all = allRows();
  const at = all.findIndex((row) => row.getAttribute("aria-current") === "true");
  const open = all.filter(missing);
  const next = open.find((row) => all.indexOf(row) > at) || open[0];
  if (next) go(next);
});

/* ---- how long it takes */

for (const place of document.querySelectorAll("[data-since]")) {
  const begun = Date.parse(place.dataset.since);
  const tick = () => {
    const passed = Math.max(0, Math.round((Date.now() - begun) / 1000));
    const two = (number) => String(number).padStart(2, "0");
    place.textContent = passed < 3600 ? `${two(Math.floor(passed / 60))}:${two(passed % 60)}` : "超过 1 小时";
  };
  tick();
  setInterval(tick, 1000);
}

/* ---- the receipt */

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-print-page]");
  if (!button) return;
  event.preventDefault();
  document.querySelector("iframe.printed")?.remove();
  const frame = document.createElement("iframe");
  frame.className = "printed";
  frame.title = "正在打印";
  frame.src = button.dataset.printPage;
  frame.addEventListener("load", () => {
    frame.contentWindow.focus();
    frame.contentWindow.print();
  });
  document.body.append(frame);
});

/* ---- situation questions: a digit chooses, the next question follows */

document.addEventListener("keydown", (event) => {
  const group = event.target.closest?.(".asks fieldset, .asks [role=radiogroup]");
  if (!group || event.ctrlKey || event.altKey || event.metaKey || !/^[0-9]$/.test(event.key)) return;
  if (!["radio", "checkbox"].includes(event.target.type)) return;
  const options = [...group.querySelectorAll("input[type=radio], input[type=checkbox]")];
  const option = options[(Number(event.key) || 10) - 1];
  if (!option) return;
  event.preventDefault();
  option.focus();
  option.click();
  if (option.type === "radio") nextQuestion(group);
});

document.addEventListener("keydown", (event) => {
  const field = event.target.closest?.(".asks input");
  if (!field || event.key !== "Enter" || event.ctrlKey || event.isComposing) return;
  event.preventDefault();
  nextQuestion(field.closest("fieldset, .field") || field);
});

function nextQuestion(group) {
  const fields = [...document.querySelectorAll(".asks input:not([type=hidden])")];
  const last = [...group.querySelectorAll("input")].at(-1) || group;
  const next = fields.slice(fields.indexOf(last) + 1).find((field) => field.type !== "radio" || field.checked || !document.querySelector(`.asks input[name="${field.name}"]:checked`));
  const go = next || document.querySelector(".asks")?.closest("form")?.querySelector("button[value=go]");
  go?.focus();
}

const firstQuestion = document.querySelector(".asks input:not([type=hidden]), .pick input:enabled"); // or what can be filed
if (firstQuestion && document.activeElement === document.body) {
  firstQuestion.focus({ preventScroll: true });
  if (firstQuestion.closest(".pick")) firstQuestion.scrollIntoView({ block: "center" }); // clear of the bar at the foot
}
