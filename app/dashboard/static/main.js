// Brings a page to life. Whatever it shows comes from the server as HTML; these scripts send, follow and refresh.

import { startActions } from "./actions.js";
import { startCharts } from "./charts.js";
import { follow } from "./follow.js";
import { startPicking } from "./picks.js";
import { startRefreshing } from "./refresh.js";
import { localize, pickMoments } from "./times.js";
import { startUploads } from "./upload.js";

startRefreshing(() => {
  localize();
  follow();
});
startActions();
startPicking();
pickMoments();
startUploads();
startCharts();
