/** The types of events that a run's history has. */
export const EVENT_TYPES = [
  'run.Created',
  'run.Started',
  'run.Paused',
  'run.Resumed',
  'run.ParamsChanged',
  'run.Stopping',
  'run.Stopped',
  'run.Completed',
  'run.Error',
  'data.WindowReady',
  'data.Missing',
  'backtest.WindowCompleted',
  'clock.Tick',
  'clock.Missed',
  'strategy.DecisionMade',
  'risk.Refused',
  'risk.Breached',
  'orders.Created',
  'orders.Submitted',
  'orders.Accepted',
  'orders.PartiallyFilled',
  'orders.Filled',
  'orders.Cancelled',
  'orders.Rejected',
  'orders.Expired',
  'orders.Replaced',
  'orders.InDoubt',
];

/** The types of events that an account's history has. */
export const ACCOUNT_EVENT_TYPES = [
  'account.Connected',
  'account.Disconnected',
  'account.Drift',
  'account.Killed',
  'account.Rearmed',
];
