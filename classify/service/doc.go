// Package service says who is talking: it compiles the rules of services/*.yaml
// into matchers and labels flows by name, address and port, with the reasons.
package service
