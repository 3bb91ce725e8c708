import { localClock, localDate, localTime, relative, utcDate, utcTime } from '@/lib/format';
import { useNow } from '@/lib/useNow';
import classes from './numbers.module.css';

interface Props {
  value: string | null | undefined;
  /** `day` is the UTC day by which daily bars are called; the others are in the reader's zone. */
  as?: 'time' | 'date' | 'clock' | 'day';
}

const WRITTEN = { time: localTime, date: localDate, clock: localClock, day: utcDate };

/** A time in the reader's zone; in UTC where one points at it. */
export function Time({ value, as = 'time' }: Props) {
  if (!value) return <span>–</span>;
  return (
    <time dateTime={value} title={utcTime(value)} className={classes.number}>
      {WRITTEN[as](value)}
    </time>
  );
}

/** How long ago, or how soon; exact where one points at it. */
export function Ago({ value }: { value: string | null | undefined }) {
  const now = useNow();
  if (!value) return <span>–</span>;
  return (
    <time dateTime={value} title={`${localTime(value)} here, ${utcTime(value)}`} className={classes.number}>
      {relative(value, now)}
    </time>
  );
}
