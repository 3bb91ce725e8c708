import { percent, signedMoney, signOf } from '@/lib/format';
import classes from './numbers.module.css';

interface Props {
  value: string | number | null | undefined;
  /** How it is written; money unless said otherwise. */
  as?: 'money' | 'percent';
}

const ARROWS = { '-1': '▼', '0': '', '1': '▲' };
const CLASSES = { '-1': classes.loss, '0': classes.even, '1': classes.gain };

/** A gain or a loss: by sign, arrow and colour. */
export function Signed({ value, as = 'money' }: Props) {
  const sign = signOf(value);
  const text = as === 'percent' ? percent(value, { signed: true }) : signedMoney(value);
  if (sign === null) return <span className={classes.number}>{text}</span>;
  return (
    <span className={`${classes.number} ${CLASSES[sign]}`}>
      {sign !== 0 && (
        <span aria-hidden className={classes.arrow}>
          {ARROWS[sign]}
        </span>
      )}
      {text}
    </span>
  );
}
