import { ActDialog } from './ActDialog';
import { useDialog } from './shownDialog';
import { EnvironmentDialog } from './EnvironmentDialog';
import { FlattenDialog } from './FlattenDialog';
import { HelpDialog } from './HelpDialog';
import { KillPopover } from './KillPopover';
import { Palette } from './Palette';
import { HoldsDialog, ReleaseDialog } from './ReleaseDialog';
import { SettingsDialog } from './SettingsDialog';

/** What stands above the page now. */
export function Dialogs() {
  switch (useDialog()) {
    case 'none':
      return null;
    case 'act':
      return <ActDialog />;
    case 'kill':
      return <KillPopover />;
    case 'flatten':
      return <FlattenDialog />;
    case 'release':
      return <ReleaseDialog />;
    case 'holds':
      return <HoldsDialog />;
    case 'environment':
      return <EnvironmentDialog />;
    case 'palette':
      return <Palette />;
    case 'help':
      return <HelpDialog />;
    case 'settings':
      return <SettingsDialog />;
  }
}
