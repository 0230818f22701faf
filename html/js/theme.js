/* before the first paint: the theme that was chosen */

(function () {
    "use strict";

    var theme = null;

    try {
        theme = localStorage.getItem("smtp-verify.theme");

    } catch (e) {
        /* storage is not allowed: the system's theme it is */
    }

    if (theme === "light" || theme === "dark") {
        document.documentElement.dataset.theme = theme;
    }
})();
