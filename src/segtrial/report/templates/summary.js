"use strict";
(() => {
  const table = document.getElementById("table"), body = table.tBodies[0];
  const rows = [...body.rows], find = document.getElementById("find");
  const empty = document.getElementById("empty"), count = document.getElementById("count");
  document.documentElement.classList.add("scripted");
  const text = (row, column) => row.cells[column].textContent.trim();
  const sort = (head, column) => {
    const numeric = head.dataset.kind === "number";
    const was = head.getAttribute("aria-sort");
    const down = was ? was === "ascending" : numeric;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    const by = numeric
      ? (a, b) => a.cells[column].dataset.v - b.cells[column].dataset.v
      : (a, b) => text(a, column).localeCompare(text(b, column));
    rows.sort((a, b) => (down ? by(b, a) : by(a, b)));
    body.append(...rows);
  };
  const filter = () => {
    const wanted = find.value.trim().toLocaleLowerCase();
    let seen = 0;
    for (const row of rows) {
      const named = text(row, 0).toLocaleLowerCase().includes(wanted);
      row.hidden = !named || (row.classList.contains("empty") && empty && !empty.checked && !wanted);
      seen += !row.hidden;
    }
    count.textContent = seen + " of " + rows.length + " classes shown";
  };
  [...table.tHead.rows[0].cells].forEach((head, column) => {
    if (!head.dataset.kind) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => sort(head, column));
  });
  find.addEventListener("input", filter);
  if (empty) empty.addEventListener("change", filter);
  filter();
})();
