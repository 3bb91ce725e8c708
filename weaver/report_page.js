"use strict";
(() => {
  // Plotly knows no CSS variables: a colour that begins with "--" is looked up when a chart is drawn.
  const painted = (value, styles) => {
    if (typeof value === "string") return value.startsWith("--") ? styles.getPropertyValue(value).trim() : value;
    if (Array.isArray(value) || value === null || typeof value !== "object") return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, painted(part, styles)]));
  };
  const config = { responsive: true, displaylogo: false, modeBarButtonsToRemove: ["lasso2d", "select2d", "autoScale2d"] };
  const draw = (chart) => {
    const styles = getComputedStyle(document.documentElement);
    const figure = JSON.parse(document.getElementById(chart.dataset.figure).textContent);
    return Plotly.react(chart, figure.data.map((trace) => painted(trace, styles)), painted(figure.layout, styles), config);
  };
  const charts = [...document.querySelectorAll(".chart")];
  const visible = (chart) => !chart.closest("details:not([open])");
  const drawVisible = () => charts.filter(visible).forEach(draw);

  document.querySelectorAll("details").forEach((part) =>
    part.addEventListener("toggle", () => {
      if (part.open) part.querySelectorAll(".chart").forEach(draw);
    }),
  );
  for (const query of ["(prefers-color-scheme: dark)", "print"]) matchMedia(query).addEventListener("change", drawVisible);
  drawVisible();
  document.documentElement.dataset.drawn = "true";
})();
