package store

// Layout is the version of the ledger files that this package writes. It opens
// those of every version before.
const Layout = layoutVersion
