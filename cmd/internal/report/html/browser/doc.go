// Package browser looks at HTML reports in a real browser. It has no code but a test,
// and the scripts that this runs.
//
// look.mjs opens reports as files, offline, in Debian's Chromium, uses them with mouse and
// keyboard at the size of a desk and of a phone, and writes down what it saw; the test
// holds that against the records of the same captures. It needs node and chromium, and
// what "npm ci" in this folder installs: playwright-core drives the browser, axe-core
// looks for what keeps people out. Without them the test says so and is skipped, unless
// REQUIRE_CHROMIUM=1. shots.mjs takes the pictures in docs/screenshots.
package browser
