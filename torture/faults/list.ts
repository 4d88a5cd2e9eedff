import { clock } from './clock.ts';
import { diskFull } from './disk-full.ts';
import type { Fault } from './fault.ts';
import { kill } from './kill.ts';
import { mosquitto } from './mosquitto.ts';
import { pause } from './pause.ts';
import { proxy } from './proxy.ts';
import { syncError, syncSlow } from './sync.ts';
import { torn } from './torn.ts';

/** All faults, those first whose loss would hurt most. */
export const FAULTS: readonly Fault[] = [kill, syncError, torn, diskFull, proxy, clock, mosquitto, pause, syncSlow];
