"use strict";
// Tables that sort by a click on a heading, and show only the rows that hold some words. A page is whole without it.
document.querySelectorAll("table.sorts").forEach(table => {
  const body = table.tBodies[0], rows = [...body.rows], heads = [...table.tHead.rows[0].cells];
  const search = document.createElement("input");
  search.type = "search";
  search.placeholder = search.ariaLabel = table.ownerDocument.body.dataset.search;
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase();
    rows.forEach(row => { row.hidden = !row.textContent.toLowerCase().includes(words); });
  });
  table.parentElement.before(search);
  heads.forEach((head, column) => {
    const button = document.createElement("button");
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const up = head.ariaSort !== "ascending", place = row => Number(row.cells[column].dataset.o ?? NaN);
      heads.forEach(one => one.removeAttribute("aria-sort"));
      head.ariaSort = up ? "ascending" : "descending";
      // what is missing stays last
      body.append(...[...rows].sort((a, b) => (isNaN(place(a)) - isNaN(place(b))) || (up ? 1 : -1) * (place(a) - place(b))));
    });
  });
});
