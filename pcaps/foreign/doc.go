// Package foreign holds what the tool says of captures that nobody here made
// against what a person read in their packets: every accusation is explained, every
// miss is known, and two peers' rules stand beside. The captures are no part of the
// project, and nothing of what they hold is: readings name a file by the digest of
// its bytes.
//
//	report, err := foreign.Of(dir)
//	os.WriteFile("FOREIGN.md", []byte(report.Markdown()), 0o644)
//	broken := report.Broken()
package foreign
