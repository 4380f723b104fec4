// Package usc keeps score on captures made behind a carrier-grade router with known
// settings, by the authors of the published detector of policing (Flach et al., "An
// Internet-Wide Analysis of Traffic Policing", SIGCOMM 2016; USC-NSL, repository
// policing-detection, Apache-2.0), beside that detector's verdicts on the same files.
// The captures are no part of the project.
//
//	report, err := usc.Of(dir)
//	fmt.Print(report.Markdown())
//	broken := report.Broken()
//
// All were taken at the server. What a tap at the client would have seen of them is
// worked out by [AtClient].
package usc
