"use strict";
(function () {
  // draw the charts, wide as their box on the screen and wide as the sheet on paper
  const PAPER = 660;
  const charts = JSON.parse(document.getElementById("charts").textContent);
  const config = { displayModeBar: false, responsive: true, scrollZoom: false, doubleClick: "reset" };

  charts.forEach(function (chart) {
    const box = document.getElementById(chart.id);
    Plotly.newPlot(box, chart.data, chart.layout, config);
  });

  let opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (details) { details.open = true; });
    charts.forEach(function (chart) {
      Plotly.relayout(chart.id, { width: PAPER });
    });
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (details) { details.open = false; });
    charts.forEach(function (chart) {
      Plotly.relayout(chart.id, { width: null, autosize: true });
    });
  });
})();
