"use strict";
// Tables beside this script that sort by a click on a heading; a long one shows only the rows that hold some words. A
// page is whole without it. A cell's place among those of its column goes before its text, which of numbers is none.
document.currentScript.parentElement.querySelectorAll("table.sorts").forEach(table => {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const placed = body.querySelector("[data-o]") !== null, missing = new Set(["", "NaN", "NaT", "None", "<NA>"]);
  if (rows.length > 8) {
    const search = document.createElement("input");
    search.type = "search";
    search.placeholder = search.ariaLabel = table.closest("[data-search]").dataset.search;
    search.addEventListener("input", () => {
      const words = search.value.toLowerCase();
      rows.forEach(row => { row.hidden = !row.textContent.toLowerCase().includes(words); });
    });
    table.parentElement.before(search);
  }
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.ariaSort !== "ascending";
      const place = row => (placed ? row.cells[column].dataset.o ?? "" : row.cells[column].textContent.trim());
      const order = (a, b) => (isNaN(a) || isNaN(b) ? a.localeCompare(b, undefined, { numeric: true }) : a - b);
      heads.forEach(one => one.removeAttribute("aria-sort"));
      head.ariaSort = up ? "ascending" : "descending";
      // what is missing stays last
      body.append(...rows.map(row => [place(row), row]).sort(([a], [b]) =>
        missing.has(a) - missing.has(b) || (missing.has(a) ? 0 : (up ? 1 : -1) * order(a, b))).map(([, row]) => row));
    });
  });
});
