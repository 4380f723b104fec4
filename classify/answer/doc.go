// Package answer turns findings and what worked into one status per service:
// the sentence a person reads first.
package answer
