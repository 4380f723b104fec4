// Package local holds the tests of the whole way from a kernel that drops, refuses
// or breaks off to what is said of it: each mishap is made for real while a live
// source watches and the engine judges.
package local
