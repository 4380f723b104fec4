package main

import "fmt"

// The exit codes (contract).
const (
	exitDone         = 0
	exitInput        = 1  // some input could not be read to its end
	exitUsage        = 2  // wrong usage
	exitPrivilege    = 3  // a missing privilege, command or kernel feature
	exitFault        = 4  // a fault of our own, recovered and reported
	exitInterference = 10 // with --exit-code: interference found
	exitFailing      = 11 // something does not work and the cause is not shown
	exitCannotTell   = 12 // the capture cannot tell
	exitDisagree     = 10 // of lab run, with --exit-code: verdict and truth disagree
)

// exitCode is an error that was reported already and leaves only its code.
type exitCode int

// Error implements error.
func (c exitCode) Error() string { return fmt.Sprintf("exit code %d", int(c)) }

// exit returns the error for a code, nil for none.
func exit(code int) error {
	if code == exitDone {
		return nil
	}
	return exitCode(code)
}
