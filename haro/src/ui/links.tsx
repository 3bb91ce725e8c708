import { ActionIcon, type ActionIconProps, Anchor, type AnchorProps, Button, type ButtonProps } from '@mantine/core';
import { createLink } from '@tanstack/react-router';
import type { AnchorHTMLAttributes, RefAttributes } from 'react';

// Mantine's looks with the router's typed addresses: `component={Link}` would lose the types.

type AnchorElement<P> = P & Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof P> & RefAttributes<HTMLAnchorElement>;

export const TextLink = createLink((props: AnchorElement<AnchorProps>) => <Anchor size="sm" {...props} />);

export const ButtonLink = createLink((props: AnchorElement<ButtonProps>) => <Button component="a" {...props} />);

export const IconLink = createLink((props: AnchorElement<ActionIconProps>) => <ActionIcon component="a" {...props} />);
