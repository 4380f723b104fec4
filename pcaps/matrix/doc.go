// Package matrix holds each line of the test matrix that is about ended and silenced
// connections (F1 to F25, B1 to B44) against every way in which its captures could
// have been taken: verdicts must stay what they are where nothing is hidden, and get
// no surer where something is.
//
//	g, err := matrix.Of(cases)
//	g.Add(played...)
//	fmt.Print(g.Markdown())
package matrix
