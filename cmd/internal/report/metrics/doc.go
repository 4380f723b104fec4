// Package metrics tells a live capture in figures, for Prometheus to fetch: how each
// service is, what was found, what was seen and what was not. A [Report] hands
// everything on to another report, and keeps a fixed amount however long it lasts.
//
// What comes from the wire is in no label: services and functions are those of the
// rules, all other labels are closed lists of ours. So the number of series is
// bounded, whatever is sent past the capture.
package metrics
