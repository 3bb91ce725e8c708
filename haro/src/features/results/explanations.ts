export type Written = 'money' | 'signedMoney' | 'percent' | 'signedPercent' | 'ratio' | 'fraction' | 'count' | 'days';

export interface Statistic {
  name: string;
  label: string;
  as: Written;
  /** What it means to somebody who reads it for the first time. */
  means: string;
}

/** The statistics of a result, in the groups in which they are read. Alpha alone is a fraction; the other shares are in points. */
export const STATISTICS: { title: string; items: Statistic[] }[] = [
  {
    title: 'Return',
    items: [
      {
        name: 'final_equity',
        label: 'Final equity',
        as: 'money',
        means: 'Cash and positions, at the last price, at the end.',
      },
      {
        name: 'total_return',
        label: 'Total return',
        as: 'signedMoney',
        means: 'Final equity less what it began with.',
      },
      {
        name: 'total_return_pct',
        label: 'Total return, %',
        as: 'signedPercent',
        means: 'The same as a share of what it began with.',
      },
      {
        name: 'annualized_return',
        label: 'A year',
        as: 'signedPercent',
        means: 'The yearly growth that, compounded, gives the total return.',
      },
      {
        name: 'benchmark_return_pct',
        label: 'Buy and hold',
        as: 'signedPercent',
        means: 'What the same money had made in equal parts of all symbols, bought at the start and left alone.',
      },
      {
        name: 'alpha',
        label: 'Alpha',
        as: 'fraction',
        means: 'Yearly return that the moves of buy and hold do not explain.',
      },
      {
        name: 'beta',
        label: 'Beta',
        as: 'ratio',
        means: 'How much it moved with buy and hold: 1 is as much, 0 not at all, below 0 against it.',
      },
    ],
  },
  {
    title: 'Risk',
    items: [
      {
        name: 'max_drawdown_pct',
        label: 'Largest drawdown',
        as: 'signedPercent',
        means: 'The deepest fall from a peak, as a share of that peak.',
      },
      { name: 'max_drawdown', label: 'Largest drawdown, money', as: 'signedMoney', means: 'The same in money.' },
      {
        name: 'max_drawdown_duration_days',
        label: 'Longest drawdown',
        as: 'days',
        means: 'The longest time below an earlier peak.',
      },
      {
        name: 'annualized_volatility',
        label: 'Volatility',
        as: 'percent',
        means: 'How much returns vary: their standard deviation, for a year.',
      },
      {
        name: 'sharpe_ratio',
        label: 'Sharpe',
        as: 'ratio',
        means: 'Yearly return for each unit of volatility. Above 1 is good; above 3, look for a mistake.',
      },
      { name: 'sortino_ratio', label: 'Sortino', as: 'ratio', means: 'As Sharpe, but only losses count as risk.' },
      {
        name: 'calmar_ratio',
        label: 'Calmar',
        as: 'ratio',
        means: 'Yearly return for each unit of the largest drawdown.',
      },
      { name: 'exposure_pct', label: 'Exposure', as: 'percent', means: 'Share of bars with a position.' },
    ],
  },
  {
    title: 'Trades',
    items: [
      {
        name: 'total_trades',
        label: 'Closed trades',
        as: 'count',
        means: 'Positions that were opened and closed again.',
      },
      { name: 'winning_trades', label: 'Winning', as: 'count', means: 'Trades that made money after commission.' },
      { name: 'losing_trades', label: 'Losing', as: 'count', means: 'Trades that lost money after commission.' },
      {
        name: 'win_rate',
        label: 'Win rate',
        as: 'percent',
        means: 'Winning trades of all closed ones. A low one is fine when wins are larger than losses.',
      },
      { name: 'avg_win', label: 'Average win', as: 'signedMoney', means: 'Of the winning trades.' },
      { name: 'avg_loss', label: 'Average loss', as: 'signedMoney', means: 'Of the losing trades.' },
      {
        name: 'profit_factor',
        label: 'Profit factor',
        as: 'ratio',
        means: 'All wins divided by all losses. Below 1 it loses.',
      },
      { name: 'expectancy', label: 'Expectancy', as: 'signedMoney', means: 'What a trade makes on average.' },
    ],
  },
  {
    title: 'Costs and size',
    items: [
      { name: 'total_commission', label: 'Commission', as: 'money', means: 'Paid for fills, contained in the return.' },
      {
        name: 'total_slippage',
        label: 'Slippage',
        as: 'money',
        means: 'Lost to prices worse than quoted, contained in the return.',
      },
      { name: 'total_bars', label: 'Bars', as: 'count', means: 'How many bars it saw.' },
    ],
  },
];
