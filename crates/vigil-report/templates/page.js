
"use strict";
(() => {
  const table = document.getElementById("table");
  const body = table.tBodies[0];
  const rows = Array.from(body.rows);
  const [filter, text, state, worst, shown] = ["filter", "text", "state", "worst", "shown"].map((id) => document.getElementById(id));
  // What a row is searched by is read when somebody first searches: a long report has a lot of it.
  const words = new Map();
  const said = (row) => {
    if (!words.has(row)) words.set(row, row.cells[0].textContent.toLowerCase());
    return words.get(row);
  };
  const fits = (row, wanted) =>
    (state.value === "" || row.classList.contains(state.value) || (state.value === "found" && row.dataset.worst !== "0")) &&
    Number(row.dataset.worst) >= Number(worst.value) &&
    wanted.every((word) => said(row).includes(word));
  const show = () => {
    const wanted = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let count = 0;
    for (const row of rows) {
      row.hidden = !fits(row, wanted);
      if (!row.hidden) count += 1;
    }
    shown.textContent = `${count} of ${rows.length}`;
  };
  const key = (row, column) => {
    const cell = row.cells[column];
    const said = column === 0 ? cell.querySelector(".name").textContent : cell.textContent;
    return column < 4 ? said : said === "" ? -1 : Number(said);
  };
  const sort = (column, heading) => {
    const down = heading.ariaSort !== "descending" && (column > 2 || heading.ariaSort === "ascending");
    for (const other of table.tHead.rows[0].cells) other.ariaSort = null;
    heading.ariaSort = down ? "descending" : "ascending";
    const keyed = rows.map((row, place) => [key(row, column), place, row]);
    keyed.sort((a, b) => (a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0) * (down ? -1 : 1) || a[1] - b[1]);
    body.append(...keyed.map((entry) => entry[2]));
  };
  Array.from(table.tHead.rows[0].cells).forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(column, heading));
    heading.replaceChildren(button);
  });
  let waiting;
  text.addEventListener("input", () => { clearTimeout(waiting); waiting = setTimeout(show, 150); });
  state.addEventListener("change", show);
  worst.addEventListener("change", show);
  filter.addEventListener("submit", (event) => event.preventDefault());
  filter.hidden = false;
  show();
})();
