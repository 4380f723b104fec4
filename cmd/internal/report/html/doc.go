// Package html writes a run as one self-contained page that opens offline: the answer
// per service, a timeline, the findings with their packets and plots, the flows, and what
// could not be seen.
//
// A [Page] takes one [Capture] per capture of a run. A Capture is a report of the first
// pass that keeps a bounded amount; [Capture.Wants] then says whose packets are to be
// read a second time, and [Page.Write] writes it all. What is kept is as it was on the
// wire; redaction happens while it is written, so that the second pass still finds its
// packets.
//
// The server side renders everything that matters by html/template. Scripts add plots,
// sorting and the choice of colours; they, and the styles, are allowed by their hash and
// nothing else is: the page loads nothing and sends nothing. All foreign text goes
// through [report.Text] before the template escapes it.
package html
