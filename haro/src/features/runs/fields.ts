import type { CostName, RiskName } from './draft';
import type { NumberField } from './NumberFields';

export const COST_FIELDS: NumberField<CostName>[] = [
  { name: 'commission_bps', label: 'Commission, basis points', description: 'Of quantity × fill price; 10 is 0.1 %' },
  { name: 'slippage_bps', label: 'Slippage, basis points', description: 'Of the price, always against you' },
  { name: 'commission_per_share', label: 'Commission a unit', description: 'Money for each share or coin' },
  { name: 'commission_per_order', label: 'Commission an order', description: 'Money, once an order' },
  { name: 'commission_min', label: 'Least commission', description: 'At least this much an order with a fill' },
  { name: 'slippage_volume_share', label: 'Impact', description: 'Times (quantity ÷ bar volume)² of the price' },
  {
    name: 'participation_cap',
    label: 'Share of volume',
    description: "Largest share of a bar's volume that fills; 0.1 is 10 %",
  },
];

export const RISK_FIELDS: NumberField<RiskName>[] = [
  { name: 'max_order_notional', label: 'Largest order', description: 'Quantity × price of one order' },
  { name: 'max_position', label: 'Largest position', description: '|Position| × price in one symbol' },
  { name: 'max_gross_exposure', label: 'Largest exposure', description: 'Sum over all positions and working entries' },
  { name: 'max_orders_per_minute', label: 'Orders a minute', description: 'Admitted in any 60 seconds' },
  { name: 'max_daily_loss', label: 'Largest daily loss', description: "Since the session's opening equity" },
  { name: 'price_collar_pct', label: 'Price collar, %', description: 'Largest distance of a price from the last one' },
];

export const TRADED_TIMEFRAMES = ['1s', '5s', '15s', '1m', '5m', '15m', '1h', '4h', '1d'];
