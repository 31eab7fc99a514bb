// The live charts of the overview, by uPlot: what was sampled since the page was opened, a point a second.

const KEPT = 300; // seconds that are kept, and the fewest that are shown
const LEAST_S = 60;

const CHARTS = {
  rates: ["started", "succeeded", "failed"],
  depth: ["ready", "running", "delayed"],
  wait: ["wait"],
};

const ended = { succeeded: 0, failed: 0 };
const columns = { at: [] };

/** Draw what the page has places for. */
export function startCharts() {
  const plots = [...document.querySelectorAll("[data-chart]")].map(plotIn);
  if (!plots.length) return;
  document.addEventListener("job", ({ detail }) => {
    if (detail.state in ended) ended[detail.state] += 1;
  });
  const tick = () => {
    sample();
    for (const { plot, names } of plots) plot.setData([columns.at, ...names.map((name) => columns[name])]);
  };
  tick();
  setInterval(tick, 1000);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => plots.forEach(({ plot }) => plot.redraw()));
}

function sample() {
  const told = document.querySelector("[data-sample]");
  const point = { at: Date.now() / 1000, ...(told ? JSON.parse(told.dataset.sample) : {}), ...ended };
  ended.succeeded = ended.failed = 0;
  for (const name of ["at", ...Object.values(CHARTS).flat()]) {
    const column = (columns[name] ??= []);
    column.push(point[name] ?? null);
    if (column.length > KEPT) column.shift();
  }
}

function plotIn(figure) {
  const place = figure.querySelector("div");
  const names = CHARTS[figure.dataset.chart];
  const axis = { stroke: () => color("--dim"), grid: { stroke: () => color("--line"), width: 1 }, ticks: { show: false } };
  const size = () => ({ width: Math.max(place.clientWidth, 100), height: 170 });
  const plot = new uPlot(
    {
      ...size(),
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { range: (_, least, latest) => [Math.min(least, latest - LEAST_S), latest] },
        y: { range: (_, __, greatest) => [0, Math.max(greatest, 1) * 1.1] },
      },
      axes: [{ ...axis, size: 28, space: 90, values: (_, ticks) => ticks.map(clock) }, { ...axis, size: 44 }],
      series: [{}, ...names.map((_, index) => ({ stroke: () => color(`--k${index + 1}`), width: 2, points: { show: false } }))],
    },
    [[], ...names.map(() => [])],
    place,
  );
  new ResizeObserver(() => plot.setSize(size())).observe(place);
  return { plot, names };
}

function clock(seconds) {
  return new Date(1000 * seconds).toLocaleTimeString();
}

function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name);
}
