// What a page of tables and pictures gains where scripts run: one page at a time, sorting, filtering, scrubbing, reading off curves.
"use strict";

// -- one page at a time: the address says which
const pages = [...document.querySelectorAll(".page")];
function show() {
  const wanted = decodeURIComponent(location.hash.slice(1));
  const page = pages.find((each) => each.id === wanted) || (wanted && document.getElementById(wanted)?.closest(".page")) || pages[0];
  if (wanted === "main" && document.querySelector(".page.shown")) return;
  pages.forEach((each) => each.classList.toggle("shown", each === page));
  document.querySelectorAll("nav a").forEach((link) => {
    const id = link.hash.slice(1);
    if (page.id === id || page.id.startsWith(id + "/")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  });
  if (page.id === wanted) scrollTo(0, 0);
  draw(page);
}

// -- tables: a click on a column sorts by it, the numbers the largest first (data-sort="up": the smallest)
function value(row, column) {
  const cell = row.cells[column];
  const text = cell?.dataset.value ?? cell?.textContent.trim() ?? "";
  return text !== "" && !isNaN(text) ? Number(text) : text;
}
function sort(table, column, heading) {
  const numeric = heading.classList.contains("number");
  const before = heading.getAttribute("aria-sort");
  const down = before ? before === "ascending" : numeric && heading.dataset.sort !== "up";
  const rows = [...table.tBodies[0].rows];
  rows.sort((a, b) => {
    const [x, y] = [value(a, column), value(b, column)];
    if ((x === "") !== (y === "")) return x === "" ? 1 : -1; // what is not known goes last, either way
    const order = typeof x === "number" && typeof y === "number" ? x - y : String(x).localeCompare(String(y), undefined, { numeric: true });
    return down ? -order : order;
  });
  table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
  heading.setAttribute("aria-sort", down ? "descending" : "ascending");
  table.tBodies[0].append(...rows);
}
document.querySelectorAll("table.sortable").forEach((table) =>
  [...table.tHead.rows[0].cells].forEach((heading, column) => {
    if (heading.dataset.sort === "none") return;
    const button = document.createElement("button");
    button.append(...heading.childNodes);
    button.addEventListener("click", () => sort(table, column, heading));
    heading.append(button);
  })
);

// -- the filter of the leaderboard: every word must occur
document.querySelectorAll(".filter").forEach((form) => {
  const table = form.parentElement.querySelector("table.filtered");
  const [text, controls] = form.querySelectorAll("input");
  const apply = () => {
    const words = text.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of table.tBodies[0].rows) {
      const content = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => content.includes(word)) || (!controls.checked && row.classList.contains("control"));
      shown += !row.hidden;
    }
    form.querySelector("output").textContent = `${shown} of ${table.tBodies[0].rows.length}`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
});

// -- several files of one picture: one at a time, with a slider
document.querySelectorAll(".scrub").forEach((figure) => {
  const frames = [...figure.querySelectorAll("img")];
  const label = document.createElement("label");
  const first = 1 + Number(figure.dataset.opensAt ?? 0);
  const slider = Object.assign(document.createElement("input"), { type: "range", min: 1, max: frames.length, value: first });
  slider.setAttribute("aria-label", figure.querySelector("figcaption strong").textContent);
  const count = document.createElement("output");
  const step = () => {
    frames.forEach((frame, place) => frame.classList.toggle("shown", place === slider.value - 1));
    count.textContent = `${slider.value} of ${frames.length}`;
  };
  slider.addEventListener("input", step);
  label.append(slider, count);
  figure.querySelector(".frames").after(label);
  figure.classList.add("live");
  step();
});

// -- curves: drawn when their page is first seen, and again when the colours change
const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
const drawn = new Map();
function draw(page) {
  page.querySelectorAll("figure.lines").forEach((figure) => {
    if (!drawn.has(figure)) plot(figure);
  });
}
function plot(figure) {
  const data = JSON.parse(figure.querySelector("script").textContent);
  const box = figure.querySelector(".plot");
  const xs = [...new Set(data.lines.flatMap((line) => line.x))].sort((a, b) => a - b);
  const index = new Map(xs.map((x, place) => [x, place]));
  const series = data.lines.map((line) => {
    const column = new Array(xs.length).fill(undefined); // a gap that is drawn through
    line.x.forEach((x, place) => (column[index.get(x)] = line.y[place]));
    return column;
  });
  const axis = (label) => ({ label, stroke: style("--soft"), grid: { stroke: style("--line"), width: 1 }, ticks: { show: false }, labelSize: 20, size: label === data.x ? 30 : 52 });
  const options = {
    width: box.clientWidth,
    height: 300,
    scales: { x: { time: false } },
    axes: [axis(data.x), axis(data.y)],
    legend: { show: false }, // the page's own says what is under the pointer
    hooks: { setCursor: [(chart) => read(figure, data, chart)] },
    series: [
      { label: data.x },
      ...data.lines.map((line, place) => ({ label: line.name, stroke: style(`--c${place % 8}`), width: 1.8, spanGaps: true, points: { show: line.x.length < 30, size: 4 } })),
    ],
  };
  drawn.get(figure)?.destroy();
  box.textContent = "";
  drawn.set(figure, new uPlot(options, [xs, ...series], box));
}
// The numbers under the pointer, beside the names of the lines; nothing where there is no pointer.
function read(figure, data, chart) {
  const at = chart.cursor.idx;
  const text = (value) => (value == null ? "" : ` ${Number(value.toPrecision(4))}`);
  [...figure.querySelectorAll(".legend .value")].forEach((value, place) => (value.textContent = at == null ? "" : text(chart.data[place][at])));
  figure.querySelector(".legend .at").hidden = at == null;
}
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => [...drawn.keys()].forEach(plot));
addEventListener("resize", () =>
  drawn.forEach((chart, figure) => {
    const width = figure.querySelector(".plot").clientWidth;
    if (width) chart.setSize({ width, height: 300 });
  })
);

document.body.classList.add("paged");
addEventListener("hashchange", show);
show();
