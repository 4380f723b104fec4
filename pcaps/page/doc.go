// Package page is SCORE.md: the score of all bundled captures and recordings, and
// the matrix of what is told of them whoever took them. Scenarios in simulated time
// are played for it; those of real stacks were. It needs Linux.
package page
