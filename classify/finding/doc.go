// Package finding is the frozen schema of what chokepoint concludes: a
// [Finding] of a closed [Kind] with a [Verdict], the evidence for and against
// it, and what could not be seen. It is a leaf: standard library only.
package finding
