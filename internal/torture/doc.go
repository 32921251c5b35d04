// Package torture has no code of its own: its tests run the real worker beside
// a real broker, do to them what disks, networks and operators do, and hold
// what comes of it against one oracle.
//
// The tests are short by themselves. TRUEUP_TORTURE=long makes them as long as
// docs/reliability.md says, TRUEUP_SEED chooses the seed of all that is drawn.
package torture
