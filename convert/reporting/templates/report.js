"use strict";

// The divider between two pictures: a range input, so that pointer, touch and keyboard all work.
for (const compare of document.querySelectorAll(".compare")) {
  const input = compare.querySelector("input");
  const place = () => compare.style.setProperty("--place", input.value + "%");
  input.addEventListener("input", place);
  place();
}

// Sorting: numbers by their value, the rest as text; a second press turns the order round, blanks stay last.
function sortBy(table, column, descending) {
  const body = table.tBodies[0];
  const key = (row) => {
    const cell = row.cells[column];
    if (!cell.classList.contains("number")) return cell.textContent.trim();
    return cell.dataset.value === undefined ? null : Number(cell.dataset.value);
  };
  const ordered = [...body.rows].map((row) => [key(row), row]);
  ordered.sort(([first], [second]) => {
    if (first === null || second === null) return (first === null) - (second === null);
    const order = typeof first === "number" ? first - second : first.localeCompare(second, "en", { numeric: true });
    return descending ? -order : order;
  });
  body.append(...ordered.map(([, row]) => row));
}

for (const table of document.querySelectorAll("table.sortable")) {
  const headings = [...table.tHead.rows[0].cells];
  headings.forEach((heading, column) => {
    heading.querySelector("button").addEventListener("click", () => {
      const descending = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", descending ? "descending" : "ascending");
      sortBy(table, column, descending);
    });
  });
}

// On paper, what is folded is shown.
window.addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
