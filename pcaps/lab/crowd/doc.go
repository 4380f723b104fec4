// Package crowd is thousands of people whom nobody does anything: real stacks, all the
// ways in which connections end in a reset or in silence, and the networks that such
// things happen on. Whatever a tool accuses anybody of here is false.
package crowd
