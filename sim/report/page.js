(function () {
  "use strict";
  const page = JSON.parse(document.getElementById("specifications").textContent);
  const root = document.documentElement;
  const get = (id) => document.getElementById(id);
  root.classList.add("script");

  const drawn = Object.entries(page.figures).map(([name, spec]) =>
    Plotly.newPlot(get("figure-" + name), spec.data, spec.layout, page.config));

  function map(control) {
    const measure = get("map-measure"), year = get("map-year"), figure = get("figure-map");
    const show = () => {
      const shown = control.measures[measure.value];
      year.parentElement.querySelector("output").textContent = year.value;
      Plotly.restyle(figure, {
        "marker.color": [shown.values[control.years.indexOf(Number(year.value))]],
        "marker.cmin": -shown.limit, "marker.cmax": shown.limit, hovertemplate: shown.hover,
      }, [0]);
    };
    measure.addEventListener("change", show);
    year.addEventListener("input", show);
  }

  function paths(control) {
    const place = get("paths-place");
    place.addEventListener("change", () => Plotly.restyle(get("figure-paths"), { y: control.series[place.value] }));
  }

  function sortable(table) {
    const heads = [...table.tHead.rows[0].cells], body = table.tBodies[0];
    heads.forEach((head, column) => head.addEventListener("click", () => {
      const up = head.dataset.order === "down";
      heads.forEach((other) => delete other.dataset.order);
      head.dataset.order = up ? "up" : "down";
      const key = (row) => row.cells[column].dataset.v ?? row.cells[column].textContent;
      const compare = (a, b) => (isNaN(a) || isNaN(b) ? String(b).localeCompare(String(a)) : b - a);
      [...body.rows].sort((a, b) => compare(key(a), key(b)) * (up ? -1 : 1)).forEach((row) => body.append(row));
    }));
  }

  function follow() {
    const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
    const watch = new IntersectionObserver((seen) => seen.forEach((entry) => {
      if (!entry.isIntersecting) return;
      links.forEach((link) => link.classList.remove("here"));
      links.get(entry.target.id).classList.add("here");
    }), { rootMargin: "-15% 0px -75% 0px" });
    document.querySelectorAll("section").forEach((section) => watch.observe(section));
  }

  if (page.figures.map) map(page.figures.map.control);
  if (page.figures.paths) paths(page.figures.paths.control);
  document.querySelectorAll("table.sortable").forEach(sortable);
  follow();
  Promise.all(drawn).then(() => { root.dataset.drawn = String(drawn.length); });
})();
