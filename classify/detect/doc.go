// Package detect is what facts mean: one file, one test and one recorded case
// per detector. A detector is a pure function from facts to judgements; it
// keeps no state, does no I/O and reads no clock.
package detect
