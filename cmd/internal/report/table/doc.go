// Package table tells a run on one screen: what was captured, the answer per
// service, what it stands on with a filter to paste, what is not shown, and what
// to do next. The screen has at most 25 lines of 80 columns; what does not fit
// follows as details, nothing is left out in silence.
package table
