// Package deploy is how a worker is run for good: the broker's permissions, a
// unit of systemd, an image, Kubernetes. It has no code but tests, which hold each
// of its files against the real thing; docs/deploy.md says how to use them.
package deploy
