package main

import "github.com/spf13/cobra"

// commands lists every command, in the order help shows them.
func commands(e env) []*cobra.Command {
	return []*cobra.Command{
		newRunCommand(e),
		newSimulateCommand(e),
		newPublishCommand(e),
		newStatusCommand(e),
		newStatementCommand(e),
		newExplainCommand(e),
		newBookCommand(e),
		newFlagsCommand(e),
		newEffectCommand(e),
		newSLACommand(e),
		newParkedCommand(e),
		newExportCommand(e),
		newVerifyCommand(e),
		newReplayCommand(e),
		newBackupCommand(e),
		newRestoreCommand(e),
		newPlanCommand(e),
		newTargetsCommand(e),
		newTokenCommand(e),
		newVersionCommand(),
	}
}
