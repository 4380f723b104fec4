// Package score holds what the tool says of captures against what is true of them
// and counts: how much is found, how much of what is claimed is so, how well rates
// are measured, how soon. Of the same captures it says the same, to the byte.
//
//	s, err := score.Of(cases)
//	os.WriteFile("SCORE.md", []byte(s.Markdown()), 0o644)
//	broken := score.Standing().Broken(s)
package score
