// Light or dark: as the address says (?theme=dark), else as was chosen before, else as the system is.
const vmgenTheme = {
  now: new URLSearchParams(location.search).get("theme") ?? localStorage.getItem("vmgen-theme"),
  show(theme) {
    if (this.now) localStorage.setItem("vmgen-theme", theme); // so that the next page shows what this one does
    this.now = theme;
    document.documentElement.dataset.theme = theme;
    for (const each of ["light", "dark"]) {
      const sheet = document.getElementById(`theme-${each}`);
      if (sheet) sheet.media = each === theme ? "all" : "not all";
    }
    document.body.dataset.jpThemeLight = String(theme === "light");
    document.body.dataset.jpThemeName = theme === "light" ? "JupyterLab Light" : "JupyterLab Dark";
    document.getElementById("theme").textContent = theme === "light" ? "Dark" : "Light";
  },
  offer() {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    this.show(["light", "dark"].includes(this.now) ? this.now : system);
    document.getElementById("theme").onclick = () => this.show(this.now === "light" ? "dark" : "light");
  },
};
