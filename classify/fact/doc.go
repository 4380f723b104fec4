// Package fact is what is known of a flow and of the host: flat, optional
// types, no verdicts. [Flow] is the snapshot that detectors judge and reports
// print; [World] is what only shows over several flows. How packets become
// these facts is package track's business.
package fact
