// Package main is the command chokepoint: it tells from packets what is being done
// to messenger traffic on a link, where, and how sure that is. One file per
// subcommand turns flags into options and wires the engine to its reports.
package main
