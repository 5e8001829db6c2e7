"use strict";
(function () {
  // Draw every chart as wide as its box on the screen, and as wide as the sheet on paper.
  const PAPER_WIDTH = 670;
  const CONFIG = { displayModeBar: false, responsive: false, scrollZoom: false, doubleClick: false };
  const charts = JSON.parse(document.getElementById("charts").textContent);

  function fit(onPaper) {
    charts.forEach(function (chart) {
      const box = document.getElementById(chart.id);
      const width = onPaper ? PAPER_WIDTH : box.clientWidth;
      const height = onPaper ? chart.layout.meta.print_height : chart.layout.height;
      if (width && (box.layout.width !== width || box.layout.height !== height)) {
        Plotly.relayout(box, { width: width, height: height });
      }
    });
  }

  charts.forEach(function (chart) {
    const box = document.getElementById(chart.id);
    const layout = Object.assign({}, chart.layout, { width: box.clientWidth });
    Plotly.newPlot(box, chart.data, layout, CONFIG);
  });

  let waiting = null;
  window.addEventListener("resize", function () {
    clearTimeout(waiting);
    waiting = setTimeout(fit, 100, false);
  });

  let opened = [];
  window.addEventListener("beforeprint", function () {
    opened = Array.from(document.querySelectorAll("details:not([open])"));
    opened.forEach(function (details) { details.open = true; });
    fit(true);
  });
  window.addEventListener("afterprint", function () {
    opened.forEach(function (details) { details.open = false; });
    fit(false);
  });
})();
