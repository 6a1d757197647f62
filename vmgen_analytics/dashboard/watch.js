// Says how it stands with the page: starting, there, failed, or left alone by the server that answers its buttons.
(() => {
  const told = document.getElementById("told");
  const cells = document.getElementById("rendered_cells");
  const kernel = JSON.parse(document.getElementById("jupyter-config-data").textContent).kernelId;
  const say = (sentence, failed) => {
    told.classList.toggle("failed", failed);
    told.innerHTML = "";
    if (sentence) told.appendChild(document.createElement("p")).textContent = sentence;
  };
  const panel = () => cells.querySelector(".vmgen-panel");
  const error = () => cells.querySelector('[data-mime-type="application/vnd.jupyter.error"], [data-mime-type="application/vnd.jupyter.stderr"]');
  new MutationObserver((_, watching) => {
    const screen = document.getElementById("main");
    if (!screen) return;
    watching.disconnect();
    document.querySelector("main").append(screen);
  }).observe(document.body, { childList: true });
  const arrived = new MutationObserver(() => {
    if (!panel() && !error()) return;
    arrived.disconnect();
    if (panel()) say("", false);
    else say("This page could not start; the terminal that the dashboard runs in says why.", true);
  });
  arrived.observe(cells, { childList: true, subtree: true });
  const watch = async () => {
    try {
      const answer = await fetch(`/api/kernels/${kernel}`);
      if (answer.status === 404) say("The Python behind this page has ended: reload it.", true);
      else if (answer.status === 403) say("The dashboard was started anew: open the address that it printed.", true);
      else if (panel()) say("", false);
    } catch {
      say("The dashboard was stopped, so that nothing here answers: start `vmgen-analytics dashboard` again.", true);
    }
  };
  setInterval(watch, 5000);
  addEventListener("focus", watch);
})();
