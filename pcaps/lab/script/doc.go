// Package script plays scenarios in simulated time: the hosts are those of package
// synth, the rules and the log those of the real middlebox. It is for what takes
// minutes of silence, and for hosts that no kernel plays.
//
// A packet that the rules let pass as it was is the same packet behind them; what
// they made or changed goes on as its bytes, whatever they are. The bundled stories
// are told in this world too.
package script
