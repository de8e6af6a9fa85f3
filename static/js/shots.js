/* 高拍: one paper is photographed page by page with a document camera or a telephone, then saved as one file.

   [data-shoot]   takes the next page for the form it stands in; the pages become the files of its "uploaded" */

const taken = new WeakMap(); // form -> the pages so far

function shoot(button) {
  const { form } = button;
  const camera = document.createElement("input");
  camera.type = "file";
  camera.accept = "image/*";
  camera.capture = "environment";
  camera.multiple = true;
  camera.addEventListener("change", () => {
    const pages = taken.get(form) || new DataTransfer();
    for (const page of camera.files) pages.items.add(page);
    if (!pages.files.length) return;
    taken.set(form, pages);
    button.textContent = `再拍一页（已有 ${pages.files.length} 页）`;
    if (!form.querySelector("[data-bind]")) button.after(finish(form));
    form.querySelector("[data-bind]").focus();
  });
  camera.click();
}

function finish(form) {
  const save = document.createElement("button");
  save.type = "button";
  save.className = "linkish small";
  save.dataset.bind = "";
  save.textContent = "存为一份";
  save.addEventListener("click", () => {
    form.elements.uploaded.files = taken.get(form).files;
    taken.delete(form);
    form.elements.uploaded.dispatchEvent(new Event("change", { bubbles: true }));
  });
  return save;
}

document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-shoot]");
  if (button) shoot(button);
});
