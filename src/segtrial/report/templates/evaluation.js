"use strict";
(() => {
  const root = document.documentElement, all = (selector, from = document) => [...from.querySelectorAll(selector)];
  root.classList.add("scripted");
  const buttons = all(".switch button");
  const choose = (key) => {
    for (const part of all(".kind")) part.hidden = part.dataset.kind !== key;
    for (const button of buttons) button.setAttribute("aria-pressed", String(button.dataset.kind === key));
  };
  for (const button of buttons) button.addEventListener("click", () => choose(button.dataset.kind));
  if (buttons.length) choose(buttons[0].dataset.kind);

  const text = (row, column) => (row.cells[column] ? row.cells[column].textContent.trim() : "");
  const name = (row) => row.cells[0].querySelector("bdi").textContent;
  const number = (row, column) => {
    const found = text(row, column).replace(/[,<>%+]/g, "").replace("−", "-");
    return found === "" || Number.isNaN(Number(found)) ? -Infinity : Number(found);
  };
  const sort = (table, rows, head, column) => {
    const numeric = head.dataset.sort === "number", was = head.getAttribute("aria-sort");
    const down = was ? was === "ascending" : numeric;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const by = numeric
      ? (a, b) => Math.sign(number(a, column) - number(b, column)) || 0
      : (a, b) => name(a).localeCompare(name(b));
    rows.sort((a, b) => (down ? by(b, a) : by(a, b)));
    table.tBodies[0].append(...rows);
  };
  const tables = all("table.sorted").map((table) => ({ table, rows: [...table.tBodies[0].rows] }));
  for (const { table, rows } of tables) {
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      if (!head.dataset.sort) return;
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => sort(table, rows, head, column));
    });
  }
  const find = document.getElementById("find"), empty = document.getElementById("empty");
  const count = document.getElementById("count");
  const filter = () => {
    const wanted = find.value.trim().toLocaleLowerCase();
    let seen = 0;
    for (const { rows } of tables) {
      seen = 0;
      for (const row of rows) {
        const named = name(row).toLocaleLowerCase().includes(wanted);
        row.hidden = !named || (row.classList.contains("empty") && empty && !empty.checked && !wanted);
        seen += !row.hidden;
      }
      count.textContent = seen + " of " + rows.length + " classes shown";
    }
  };
  find.addEventListener("input", filter);
  if (empty) empty.addEventListener("change", filter);
  filter();

  for (const picker of all(".picker")) {
    const part = picker.closest(".kind"), select = picker.querySelector("select");
    const said = picker.querySelector("output");
    select.addEventListener("change", () => {
      for (const old of all(".picked", part)) old.classList.remove("picked");
      said.textContent = "";
      if (!select.value) return;
      for (const curve of all('.curves [data-row="' + select.value + '"]', part)) {
        curve.classList.add("picked");
        curve.parentNode.append(curve);
      }
      said.textContent = select.selectedOptions[0].dataset.words;
    });
  }
})();
