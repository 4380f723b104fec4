// Package story tells the bundled captures: for each case folder one function
// that sets up a home, a network and what interferes, lets people use their
// messengers and returns what the taps recorded.
//
// Every story has its own seed and date; telling it again gives the same bytes.
package story
