// Package board tells a live capture while it goes on: [Board] as a table on a
// terminal that is brought up to date in place, [Lines] as one line for each event
// elsewhere. Both hand everything on to another report, which tells the end, and
// both keep a fixed amount however long it lasts: findings alike are counted
// together.
package board
