/** The wire contract in one place; the stubs are made from `proto/` by `npm run generate`. */
export * from './generated/orb/v1/common_pb';
export * from './generated/orb/v1/control_pb';
export * from './generated/orb/v1/history_pb';
export * from './generated/orb/v1/live_pb';
export * from './generated/orb/v1/log_pb';
export * from './generated/orb/v1/portfolio_pb';
export * from './generated/orb/v1/signal_pb';
